"""A peer of bench-model that does nothing, at once."""
import json
import sys

for line in sys.stdin:
    request = json.loads(line)
    if "model" in request:
        answer = {"version": "0.1"}
    elif "runs" in request:
        answer = {"nanoseconds": [1000] * request["runs"], "cpu_nanoseconds": 1000 * request["runs"]}
    else:
        answer = {"outputs": []}
    print(json.dumps(answer), flush=True)
