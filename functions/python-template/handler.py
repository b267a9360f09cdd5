# SPDX-License-Identifier: Apache-2.0
"""Counts words. What is above the read happens once, what is below it once per call."""

import collections
import json
import os
import random
import sys

body = sys.stdin.buffer.read()

random.seed()  # the generator's state would be the same in all copies
words = collections.Counter(body.decode(errors="replace").split())
json.dump({"words": words.most_common(10), "number": random.random()}, sys.stdout)
sys.stdout.flush()
os._exit(0)
