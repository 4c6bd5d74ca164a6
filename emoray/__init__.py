"""One Ray job that searches architecture, quantization, temperature and thresholds together."""

import os

# Libraries that would tell others of their use, each told not to before it is imported. onnxruntime
# writes a device id and a queue of events into the user's cache; a set but empty value is unset.
NO_TELEMETRY = {
    "ORT_DISABLE_TELEMETRY": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_UPDATE_DOWNLOAD_COUNTS": "0",
}
for _name, _value in NO_TELEMETRY.items():
    os.environ[_name] = os.environ.get(_name) or _value
