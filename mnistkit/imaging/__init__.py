"""From a user's picture to the 28x28 tile a model expects: page -> ink -> glyphs -> tiles.

:mod:`~mnistkit.imaging.load` reads a file, bytes, an array or a Pillow image into a page's pixels,
:mod:`~mnistkit.imaging.ink` tells its ink from all else, :mod:`~mnistkit.imaging.glyphs` finds every glyph and its
reading place, and :mod:`~mnistkit.imaging.tile` makes the tile of any of them.

:mod:`~mnistkit.imaging.one_digit` is the case of one: the largest glyph of a picture, and what the picture shows,
judged by :mod:`~mnistkit.imaging.finding`. A picture that already is such a tile
(:mod:`~mnistkit.imaging.mnist_like`) goes none of this way, and one that is all digit
(:mod:`~mnistkit.imaging.crop`) gets a margin and its own limits (:mod:`~mnistkit.imaging.read_crop`). Each other
file is one step, or what several of them share.
"""
