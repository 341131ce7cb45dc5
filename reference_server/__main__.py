"""`python -m reference_server`: the same command as `postel serve`."""

from __future__ import annotations

from reference_server.serve import main

if __name__ == "__main__":
    main()
