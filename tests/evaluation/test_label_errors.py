import numpy as np

from mnistkit.data import load_dataset
from mnistkit.evaluation.label_errors import AMBIGUOUS, LABEL_ERRORS, RELABELLED, without_label_errors


def test_fifteen_images_of_which_five_are_ambiguous():
    assert len(LABEL_ERRORS) == len(set(LABEL_ERRORS)) == 15
    assert (len(RELABELLED), len(AMBIGUOUS)) == (10, 5)


def test_mask_follows_the_original_indices_not_the_places():
    mask = without_label_errors(np.array([947, 0, 9679, 15, 948]))
    assert mask.tolist() == [False, True, False, True, True]


def test_leaves_out_fifteen_of_the_test_set():
    assert int(without_label_errors(np.arange(10000)).sum()) == 9985


def test_the_indices_are_those_of_our_test_file():
    labels = load_dataset("mnist").split("test").labels
    # The labels in the file, as the source's votes state them ("given_original_label").
    assert labels[list(RELABELLED)].tolist() == [8, 0, 9, 2, 5, 5, 5, 0, 1, 5]
    assert labels[list(AMBIGUOUS)].tolist() == [4, 6, 6, 4, 6]
    assert not any(labels[index] == label for index, label in RELABELLED.items())
