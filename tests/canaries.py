"""Secrets that stand in the tests' environment and must stand nowhere else."""

CANARIES = {
    "HF_TOKEN": "hf_canaryWithYellowFeathers",
    "DATABASE_URL": "https://emoray:canaryInItsCage@127.0.0.1/points",
}
