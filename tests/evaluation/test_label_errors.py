import numpy as np

from mnistkit.evaluation.label_errors import AMBIGUOUS, LABEL_ERRORS, RELABELLED, without_label_errors


def test_fifteen_images_of_which_five_are_ambiguous():
    assert len(LABEL_ERRORS) == len(set(LABEL_ERRORS)) == 15
    assert (len(RELABELLED), len(AMBIGUOUS)) == (10, 5)


def test_mask_follows_the_original_indices_not_the_places():
    mask = without_label_errors(np.array([947, 0, 9679, 15, 948]))
    assert mask.tolist() == [False, True, False, True, True]


def test_leaves_out_fifteen_of_the_test_set():
    assert int(without_label_errors(np.arange(10000)).sum()) == 9985
