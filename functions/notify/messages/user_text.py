"""User text: what customers and shops typed, such as names and reasons. A mail shows it as text and nothing else."""

import re

from markupsafe import Markup

WORD_JOINER = "\N{WORD JOINER}"
# Mail programs make links of http://…, www.…, shop.example and ada@shop.example. Domains may have other full stops.
LINKED = re.compile(r"[.\u3002\uff0e\uff61](?=\w)|:(?=//)")


def without_links(text: str) -> str:
    """Return a text that no mail program makes a link of, and that looks the same.

    An invisible word joiner stands before each dot in a word, and before ://. No domain and no scheme can contain it.
    """
    return LINKED.sub(rf"{WORD_JOINER}\g<0>", text)


def isolated(text: str) -> Markup:
    """Return a text in HTML that has its own direction and leaves that of the words around it as it is."""
    return Markup("<bdi>") + text + Markup("</bdi>")  # the sum escapes the text
