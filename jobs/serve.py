"""Serve an artifact over HTTP."""

from emoray.serving.settings import Service
from jobs.console import Job

app = Job()


@app.command(
    Service,
    epilog="Examples:  \n"
    "`python -m jobs.serve my-model` — then open http://127.0.0.1:8000  \n"
    "`curl 127.0.0.1:8000/predict -H 'content-type: application/json' "
    '-d \'{"text": "thanks a lot!"}\'`  \n'
    "`python -m jobs.serve my-model --host 0.0.0.0 --log requests --shadow candidate` — for "
    "other machines, with a token in EMORAY_SERVE_TOKEN, a log, and a second artifact that scores "
    "the same texts",
)
def serve(settings: Service) -> None:
    """Serve an artifact over HTTP: its own tokenizer, temperature and thresholds.

    POST /predict answers one text or many; /livez and /readyz are for whoever watches processes,
    /metrics for Prometheus, /openapi.json and the page at / for people. SIGTERM drains: what was
    accepted is answered, and the exit code is 0. Needs the extra serve.
    """
    from emoray.serving.extra import require_serve

    require_serve()
    from emoray.serving.server import serve_until_stopped as serve_until_stopped

    raise SystemExit(serve_until_stopped(settings))


if __name__ == "__main__":
    app()
