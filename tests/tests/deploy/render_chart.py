#!/usr/bin/env python3
"""Prints what Helm's engine makes of a chart and of the values on standard input, or says on standard error what it refuses.

usage: render_chart.py CHART NAMESPACE   (needs PyPI helm-python-sdk and PyYAML)
"""

import sys

import helm_python
import yaml


def main(path, namespace):
    values = yaml.safe_load(sys.stdin)
    try:
        with helm_python.Chart.load(path) as chart:
            chart.validate_schema(values)
            rendered = chart.render(values=values, name="okki", namespace=namespace)
    except helm_python.HelmError as error:
        sys.exit(str(error))
    print("\n".join(rendered.values()))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
