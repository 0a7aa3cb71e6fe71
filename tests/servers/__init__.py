"""Real servers for the tests and for a person: `python -m tests.servers mongo` starts one."""
