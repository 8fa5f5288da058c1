"""Receipts: an answer with everything needed to prove its quotes again, written for people or for `rag verify`."""

from rag.receipts.export import SUFFIXES, check_target, export, shown, together
from rag.receipts.proof import Proof, Verification, verify
from rag.receipts.receipt import FORMAT, Kept, Receipt, load, make_receipt

__all__ = [
    "FORMAT",
    "SUFFIXES",
    "Kept",
    "Proof",
    "Receipt",
    "Verification",
    "check_target",
    "export",
    "load",
    "make_receipt",
    "shown",
    "together",
    "verify",
]
