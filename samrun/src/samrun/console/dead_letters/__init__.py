"""View Dead letters of the console: what could not be delivered, and its replay.

`pages` has the routes, and `dead_letter_box` the dead letters of all places.
"""
