# SPDX-License-Identifier: Apache-2.0
"""A handler of AWS Lambda: the event is a request in the form of a function URL, or whatever a schedule or queue sent."""

import json


def handler(event, context):
    name = event.get("queryStringParameters", {}).get("name", "world")
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps({"hello": name, "milliseconds_left": context.get_remaining_time_in_millis()}),
    }
