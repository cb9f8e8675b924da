"""From a user's picture to the 28x28 input a model expects.

:mod:`mnistkit.imaging.load` reads a file, :mod:`mnistkit.imaging.pipeline` prepares it.
Each other file is one step, or what several of them share.
"""
