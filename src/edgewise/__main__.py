"""`python -m edgewise` is the command `edgewise`."""

from edgewise.cli.main import main

main()
