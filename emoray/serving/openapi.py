"""The contract of the service, OpenAPI 3.1."""

from typing import Any

from emoray.serving.settings import RequestLimits

ERRORS = {
    400: "The body is no JSON object.",
    401: "The bearer token is missing or another.",
    408: "The body took too long to come.",
    413: "The body has too many bytes.",
    415: "The body is not said to be JSON.",
    422: "The JSON object is no request that can be answered.",
    429: "Too many requests wait; try again after `Retry-After` seconds.",
    500: "The model failed on this request.",
    503: "The service is loading or draining, or the answer took too long.",
}


def _text(limits: RequestLimits) -> dict[str, Any]:
    return {"type": "string", "maxLength": limits.characters}


def contract(
    labels: list[str], limits: RequestLimits, version: str, *, token: bool
) -> dict[str, Any]:
    """The document that `/openapi.json` answers.

    Args:
        labels: of the artifact.
        limits: of a request.
        version: of emoray.
        token: whether a bearer token is asked for.

    Returns:
        An OpenAPI 3.1 document.
    """
    key = {"type": ["string", "null"], "maxLength": limits.characters}
    shared = {"logits": {"type": "boolean", "default": False}, "key": key}
    texts = {"type": "array", "items": _text(limits), "minItems": 1, "maxItems": limits.texts}
    requests = [
        {
            "type": "object",
            "required": [name],
            "properties": {name: schema, **shared},
            "additionalProperties": False,
        }
        for name, schema in (("text", _text(limits)), ("texts", texts))
    ]
    by_label = {
        "type": "object",
        "properties": {label: {"type": "number"} for label in labels},
        "required": labels,
        "additionalProperties": False,
    }
    prediction = {
        "type": "object",
        "required": ["labels", "probabilities", "truncated", "unknown_share"],
        "properties": {
            "labels": {"type": "array", "items": {"enum": labels}},
            "probabilities": by_label,
            "logits": by_label,
            "truncated": {"type": "boolean", "description": "Whether the text's end was cut off."},
            "unknown_share": {
                "type": "number",
                "minimum": 0,
                "maximum": 1,
                "description": "Of its words or token pieces: those without an id of their own.",
            },
        },
        "additionalProperties": False,
    }
    answer = {
        "type": "object",
        "required": ["artifact", "predictions"],
        "properties": {
            "artifact": {"type": "string", "description": "SHA-256 of the manifest."},
            "predictions": {"type": "array", "items": prediction},
        },
        "additionalProperties": False,
    }
    error = {
        "type": "object",
        "required": ["error"],
        "properties": {"error": {"type": "string"}},
        "additionalProperties": False,
    }

    def said(description: str, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "description": description,
            "content": {"application/json": {"schema": schema}},
        }

    def plain(description: str) -> dict[str, Any]:
        return {
            "description": description,
            "content": {"text/plain": {"schema": {"type": "string"}}},
        }

    failed = {str(code): said(text, error) for code, text in ERRORS.items() if token or code != 401}
    predict: dict[str, Any] = {
        "summary": "Classify one text or many.",
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"oneOf": requests}}},
        },
        "responses": {"200": said("One prediction for each text, in order.", answer), **failed},
    }
    if token:
        predict["security"] = [{"bearer": []}]
    found: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "emoray", "version": version},
        "paths": {
            "/predict": {"post": predict},
            "/model": {
                "get": {
                    "summary": "What is served: its card, labels and limits.",
                    "responses": {
                        "200": said("The model.", {"type": "object"}),
                        "503": said("It is loading.", error),
                    },
                }
            },
            "/livez": {"get": {"responses": {"200": plain("The process lives.")}}},
            "/readyz": {
                "get": {
                    "responses": {
                        "200": plain("It answers."),
                        "503": plain("It is loading or draining."),
                    }
                }
            },
            "/metrics": {
                "get": {
                    "responses": {
                        "200": plain("Counters, for Prometheus."),
                        "503": plain("It is loading."),
                    }
                }
            },
        },
    }
    if token:
        found["components"] = {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}}
    return found
