"""Whether a file is a sound OpenAPI 3.1 document: prints "sound" or fails with what is wrong."""

import json
import sys

from openapi_spec_validator import OpenAPIV31SpecValidator

with open(sys.argv[1], encoding="utf-8") as file:
    document = json.load(file)
faults = list(OpenAPIV31SpecValidator(document).iter_errors())
for fault in faults:
    print(list(fault.absolute_path), fault.message[:500], file=sys.stderr)
if faults:
    sys.exit(1)
print("sound")
