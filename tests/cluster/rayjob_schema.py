"""What KubeRay's RayJob allows, as far as cluster/rayjob.yaml uses it: unknown fields are errors.

Written from the fields of ray.io/v1 (KubeRay 1.5) and of a Kubernetes pod.
"""

from typing import Any

STRING, COUNT, YES_OR_NO = (
    {"type": "string", "minLength": 1},
    {"type": "integer", "minimum": 0},
    {"type": "boolean"},
)
NAMED_STRINGS = {"type": "object", "additionalProperties": {"type": "string"}}
QUANTITY = {"type": "string", "pattern": r"^\d+(\.\d+)?(m|Ki|Mi|Gi|Ti)?$"}


def closed(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    """An object with these fields and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def each(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item, "minItems": 1}


QUANTITIES = closed(
    ("cpu", "memory"), cpu=QUANTITY, memory=QUANTITY, **{"nvidia.com/gpu": QUANTITY}
)
RESOURCES = closed(("requests", "limits"), requests=QUANTITIES, limits=QUANTITIES)
CONTAINER_SECURITY = closed(
    allowPrivilegeEscalation=YES_OR_NO,
    readOnlyRootFilesystem=YES_OR_NO,
    capabilities=closed(drop=each(STRING)),
)
MOUNTS = each(closed(("name", "mountPath"), name=STRING, mountPath=STRING, readOnly=YES_OR_NO))
CONTAINER = closed(
    ("name", "image", "resources", "securityContext"),
    name=STRING,
    image=STRING,
    command=each(STRING),
    resources=RESOURCES,
    env=each(closed(("name",), name=STRING, value={"type": "string"})),
    ports=each(closed(("containerPort",), name=STRING, containerPort=COUNT)),
    securityContext=CONTAINER_SECURITY,
    volumeMounts=MOUNTS,
)
PROJECTED = closed(
    serviceAccountToken=closed(("path",), path=STRING, expirationSeconds=COUNT, audience=STRING),
    configMap=closed(
        ("name",), name=STRING, items=each(closed(("key", "path"), key=STRING, path=STRING))
    ),
)
POD = closed(
    ("containers", "securityContext", "serviceAccountName"),
    restartPolicy={"enum": ["Always", "OnFailure", "Never"]},
    serviceAccountName=STRING,
    automountServiceAccountToken=YES_OR_NO,
    securityContext=closed(
        runAsNonRoot=YES_OR_NO,
        runAsUser=COUNT,
        runAsGroup=COUNT,
        fsGroup=COUNT,
        seccompProfile=closed(("type",), type={"enum": ["RuntimeDefault", "Localhost"]}),
    ),
    containers=each(CONTAINER),
    nodeSelector=NAMED_STRINGS,
    tolerations=each(
        closed(
            key=STRING,
            operator={"enum": ["Exists", "Equal"]},
            value=STRING,
            effect={"enum": ["NoSchedule", "PreferNoSchedule", "NoExecute"]},
        )
    ),
    volumes=each(
        closed(
            ("name", "projected"),
            name=STRING,
            projected=closed(("sources",), sources=each(PROJECTED), defaultMode=COUNT),
        )
    ),
)
TEMPLATE = closed(("spec",), metadata={"type": "object"}, spec=POD)
GROUP = {"rayStartParams": NAMED_STRINGS, "template": TEMPLATE}
CLUSTER = closed(
    ("headGroupSpec",),
    rayVersion=STRING,
    enableInTreeAutoscaling=YES_OR_NO,
    autoscalerOptions=closed(
        idleTimeoutSeconds=COUNT,
        upscalingMode={"enum": ["Default", "Aggressive", "Conservative"]},
        version={"enum": ["v1", "v2"]},
        image=STRING,
        resources=RESOURCES,
        securityContext=CONTAINER_SECURITY,
        volumeMounts=MOUNTS,
    ),
    suspend=YES_OR_NO,
    authOptions=closed(("mode",), mode={"enum": ["token", "disabled"]}, secretName=STRING),
    headGroupSpec=closed(
        ("rayStartParams", "template"),
        serviceType={"enum": ["ClusterIP", "NodePort", "LoadBalancer"]},
        enableIngress=YES_OR_NO,
        **GROUP,
    ),
    workerGroupSpecs=each(
        closed(
            ("groupName", "minReplicas", "maxReplicas", "rayStartParams", "template"),
            groupName=STRING,
            replicas=COUNT,
            minReplicas=COUNT,
            maxReplicas=COUNT,
            numOfHosts=COUNT,
            **GROUP,
        )
    ),
)
RAYJOB = closed(
    ("apiVersion", "kind", "metadata", "spec"),
    apiVersion={"const": "ray.io/v1"},
    kind={"const": "RayJob"},
    metadata=closed(("name",), name=STRING, namespace=STRING, labels=NAMED_STRINGS),
    spec=closed(
        ("entrypoint", "rayClusterSpec"),
        entrypoint=STRING,
        jobId=STRING,
        submissionMode={"enum": ["K8sJobMode", "HTTPMode", "InteractiveMode", "SidecarMode"]},
        shutdownAfterJobFinishes=YES_OR_NO,
        ttlSecondsAfterFinished=COUNT,
        activeDeadlineSeconds={"type": "integer", "minimum": 1},
        backoffLimit=COUNT,
        suspend=YES_OR_NO,
        submitterConfig=closed(backoffLimit=COUNT),
        submitterPodTemplate=TEMPLATE,
        runtimeEnvYAML=STRING,
        metadata=NAMED_STRINGS,
        entrypointNumCpus={"type": "number"},
        rayClusterSpec=CLUSTER,
    ),
)
