"""The pictures of the mails that `make preview` takes."""

import struct
from pathlib import Path

from functions.notify.messages import Message
from tools import preview

LONG = "<meta name='color-scheme' content='light dark'><p style='height: 2000px'>Thank you.</p>"


def test_a_mail_is_pictured_whole_in_every_window_light_and_dark(tmp_path: Path, executable: str) -> None:
    mail = Message(subject="Thank you", text="Thank you.\n", html=LONG)
    previews = [preview.Preview(place="order.paid.v1/en/ord_1", headers="", mail=mail, text_message=None)]
    preview.write(previews, tmp_path, pictures=preview.PICTURES)
    preview.picture(previews, tmp_path, executable)
    pictures = {path.name: path.read_bytes() for path in (tmp_path / previews[0].place).glob("*.png")}
    assert pictures.keys() == {"360-light.png", "360-dark.png", "800-light.png", "800-dark.png"}
    for name, content in pictures.items():
        width, height = struct.unpack(">II", content[16:24])  # of a PNG's first chunk
        assert str(width) == name.partition("-")[0]
        assert height > 2000
    assert pictures["360-light.png"] != pictures["360-dark.png"]
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert all(f'src="order.paid.v1/en/ord_1/{name}"' in index for name in pictures)
