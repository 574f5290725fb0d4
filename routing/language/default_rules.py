"""The rules that a project starts with when its admin gave none."""

DEFAULT_FILE = "default rules"
"""What stands for a file where no other rules were ever applied."""

DEFAULT_RULES = """\
# Cueloop's rules to start with. Copy, change, `cueloop route check FILE`, `cueloop route apply FILE`.
version: 1
rules:
  - name: clear                    # the model is sure: its label stands; 5 % go to people, blind, to check on it
    when: score >= 0.95
    accept: {audit: 5%}
  - name: stuck                    # many answers and still no majority that holds: leave it
    when: answers >= 5
    stop: {}
  - name: sure                     # people agree
    when: answers >= 2 and posterior >= 0.9
    stop: {}
  - name: first-pass               # everything else is seen by two people
    when: answers < 2
    ask: {n: 2}
  - name: torn                     # one more, from whoever tells the two likeliest labels apart best
    when: answers >= 2 and posterior < 0.9
    ask: {n: 1, expertise: likeliest_two, max: 5}
"""
