"""expect.py CODE COMMAND...: runs the command, prints what it prints, and fails unless it exits with CODE."""
import subprocess
import sys

wanted, command = int(sys.argv[1]), sys.argv[2:]
result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
sys.stdout.write(result.stdout)
if result.returncode != wanted:
    sys.exit(f"expects exit code {wanted} of {' '.join(command)}, got {result.returncode}")
