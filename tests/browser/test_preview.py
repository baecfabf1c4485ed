"""Pictures of the mails in `make preview`."""

import struct
from pathlib import Path

from functions.notify.messages.messages import Message
from tools import preview

LONG = "<meta name='color-scheme' content='light dark'><p style='height: 2000px'>Thank you.</p>"


def test_pictures_show_the_whole_mail_in_every_window_light_and_dark(tmp_path: Path, executable: str) -> None:
    mail = Message(subject="Thank you", text="Thank you.\n", html=LONG)
    previews = [preview.Preview(path="order.paid.v1/en/ord_1", headers="", mail=mail, text_message=None)]
    preview.write_previews(previews, tmp_path, pictures=preview.PICTURES)
    preview.take_pictures(previews, tmp_path, executable)
    pictures = {path.name: path.read_bytes() for path in (tmp_path / previews[0].path).glob("*.png")}
    assert pictures.keys() == {"360-light.png", "360-dark.png", "800-light.png", "800-dark.png"}
    for name, content in pictures.items():
        width, height = struct.unpack(">II", content[16:24])  # in a PNG's first chunk
        assert str(width) == name.partition("-")[0]
        assert height > 2000
    assert pictures["360-light.png"] != pictures["360-dark.png"]
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert all(f'src="order.paid.v1/en/ord_1/{name}"' in index for name in pictures)
