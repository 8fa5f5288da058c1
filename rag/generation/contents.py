"""What a message's content looks like to a language model: without characters nobody can see."""

from __future__ import annotations

import re

_UNSEEN = re.compile(
    "["
    "\u0000-\u0008\u000b-\u001f\u007f-\u009f"  # control characters; tab and line feed stay
    "\u00ad\u180e\u200b-\u200d\u2060-\u2064\ufeff"  # zero width: can hide a word or split it
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidi control: shown in another order than read
    "\U000e0000-\U000e007f\U000e0100-\U000e01ef"  # tags and variation selectors: can carry hidden text
    "\ufff9-\ufffb"  # interlinear annotation
    "\ud800-\udfff"  # lone surrogates cannot be encoded
    "]"
)


def visible(text: str) -> str:
    r"""`text` without what a reader cannot see but a tokenizer can.

    Dropped: control characters (tab and line feed stay, CR LF becomes LF), zero-width characters,
    bidirectional controls, Unicode tags and supplementary variation selectors, lone surrogates.
    Instructions hidden that way reach a model and escape the person who checks the source
    (Boucher and others, "Bad Characters", 2021). For the model's copy only: quotes are cut from the
    untouched text. Zero-width joiners go too: emoji sequences come apart, Persian words close up.

    >>> visible("pay\u200bment\r\nof \U000e0041\u202e5%")
    'payment\nof 5%'
    """
    return _UNSEEN.sub("", text.replace("\r\n", "\n"))
