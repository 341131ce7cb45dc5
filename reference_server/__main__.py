"""`python -m reference_server`: the same command as `postel serve`."""

from __future__ import annotations

from reference_server.serve import serve

__all__ = ["serve"]

if __name__ == "__main__":
    serve.main(prog_name="python -m reference_server")
