#!/usr/bin/env python3
"""Validates rendered manifests: what Kubernetes has against its own schemas, strictly; the rest against schemas/*.json.

usage: validate.py KUBERNETES_VERSION RENDERED.yaml...   (needs PyPI kubernetes-validate, which brings PyYAML and jsonschema)
Prints one line for each fault and exits with 1 if there was one.
"""

import json
import pathlib
import sys

import jsonschema
import kubernetes_validate
import yaml

SCHEMAS = pathlib.Path(__file__).resolve().parent / "schemas"
# Groups whose resources come with an operator.
CUSTOM = (
    "argoproj.io/",
    "external-secrets.io/",
    "helm.toolkit.fluxcd.io/",
    "keda.sh/",
    "kustomize.toolkit.fluxcd.io/",
    "monitoring.coreos.com/",
    "rabbitmq.com/",
    "source.toolkit.fluxcd.io/",
)


def fault(document, version):
    """What is wrong with a document, or None."""
    kind = document.get("kind", "?")
    try:
        if str(document.get("apiVersion", "")).startswith(CUSTOM):
            schema = json.loads((SCHEMAS / f"{kind}.json").read_text(encoding="utf-8"))
            jsonschema.Draft7Validator(schema).validate(document)
        else:
            kubernetes_validate.validate(document, version, strict=True)
    except FileNotFoundError:
        return "no schema for it"
    except (jsonschema.ValidationError, kubernetes_validate.ValidationError) as error:
        where = ".".join(str(part) for part in error.path)
        return f"{where}: {error.message}"
    except kubernetes_validate.SchemaNotFoundError as error:
        return str(error)
    return None


def main(version, files):
    faults, documents = 0, 0
    for file in files:
        for document in yaml.safe_load_all(pathlib.Path(file).read_text(encoding="utf-8")):
            documents += 1
            problem = fault(document, version)
            if problem:
                faults += 1
                name = document.get("metadata", {}).get("name", "?")
                print(f"{file}: {document.get('kind', '?')} {name}: {problem}")
    print(f"{documents} documents, {faults} faults")
    return 1 if faults or not documents else 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
