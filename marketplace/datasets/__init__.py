"""Data to train and score with: what ships, what a person brings, and how it is cut for a bounty."""

from marketplace.datasets.dataset import MIN_ROWS, Dataset
from marketplace.datasets.preparation import Preparation
from marketplace.datasets.quantise import quantise_rows
from marketplace.datasets.registry import SHIPPED, load, load_rows
from marketplace.datasets.rows import Part, Rows
from marketplace.datasets.split import ROOT_ROWS, Owned, Split, hold_out, split

__all__ = [
    "MIN_ROWS",
    "ROOT_ROWS",
    "SHIPPED",
    "Dataset",
    "Owned",
    "Part",
    "Preparation",
    "Rows",
    "Split",
    "hold_out",
    "load",
    "load_rows",
    "quantise_rows",
    "split",
]
