"""Charts as SVG, made here: each has words for those who cannot see it, and can be taken along as CSV or picture.

No chart needs its colours: lines differ in dashes and marks, bars in filling, cells have their numbers in them.
"""
