"""Mails that a stranger can send: HTML that is broken on purpose, and headers that are not what they should be."""

_PAGE = (
    b'<html><body id="content" style="position:fixed;inset:0;z-index:9999;background:red"><h1></h1><img><a></a>'
    b'<button></button><input><iframe></iframe><marquee>x</marquee><p id="reader" tabindex="9">not closed <b><table>'
)
# One turns the direction of what follows.
_NAMES = (b"n" * 2000 + b".pdf", b"../../etc/passwd", "\u202egpj.exe".encode(), b"", b"\x1b[31m.txt")
_ATTACHMENTS = b"".join(
    b'--b\nContent-Disposition: attachment; filename="%s"\nContent-Type: application/x-%s\n\nx\n' % (name, b"y" * 200)
    for name in _NAMES
)

HOSTILE_MAILS = {
    "html": b"Subject: <img src=x onerror=alert(1)>\nContent-Type: text/html\n\n" + _PAGE,
    "broken headers": b"From: \xff<@@>\nTo: ((((\nSubject\nDate: never\nContent-Type: multipart/mixed; boundary=\n\nx",
    "long names": b"From: %s <%s@example.com>\nTo: %s\nSubject: %s\n\n%s"
    % (b"A" * 3000, b"a" * 500, b"b@example.com, " * 200, b"Donau" * 400, b"x" * 5000),
    "right to left": (
        "Subject: \u202etxt.exe \u05e9\u05dc\u05d5\u05dd\nFrom: \u202e <a@example.com>\n\n"
        "\u202e\u0645\u0631\u062d\u0628\u0627"
    ).encode(),
    "attachments": b"Subject: files\nContent-Type: multipart/mixed; boundary=b\n\n" + _ATTACHMENTS + b"--b--\n",
    "nothing": b"",
    "controls": b"Subject: \x00\x1b[2J\x07\nTo: \x00\n\n\x00\x1b[31mred\x08",
}
"""Source of each mail, by what is wrong with it."""
