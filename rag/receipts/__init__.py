"""Receipts: an answer with everything needed to prove its quotes again, written for people or for `rag verify`."""

from rag.receipts.export import SUFFIXES, check_target, export, shown, together
from rag.receipts.proof import Proof, Verification, verify
from rag.receipts.receipt import FORMAT, Receipt, load_receipt, make_receipt

__all__ = [
    "FORMAT",
    "SUFFIXES",
    "Proof",
    "Receipt",
    "Verification",
    "check_target",
    "export",
    "load_receipt",
    "make_receipt",
    "shown",
    "together",
    "verify",
]
