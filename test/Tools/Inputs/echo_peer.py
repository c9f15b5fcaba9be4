"""echo_peer.py [OUTPUTS]: a peer of bench-model that does nothing, at once, and gives the outputs (JSON; default: none)."""
import json
import sys

outputs = json.loads(sys.argv[1]) if len(sys.argv) > 1 else []

for line in sys.stdin:
    request = json.loads(line)
    if "model" in request:
        answer = {"version": "0.1"}
    elif "runs" in request:
        answer = {"nanoseconds": [1000] * request["runs"], "cpu_nanoseconds": 1000 * request["runs"]}
    else:
        answer = {"outputs": outputs}
    print(json.dumps(answer), flush=True)
