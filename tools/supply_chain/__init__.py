"""Supply chain: licences, secrets, workflows, known vulnerabilities, SBOMs and zips that are the same each time.

`python -m tools.supply_chain check|sbom|zip`. In the order of a run: `__main__` reads the command line. `check` runs
`licences`, `secrets`, `workflows` and `vulnerabilities`; each returns what it found. `artifacts` names what is shipped,
and `lock_file` reads what goes into it. `sbom` describes an artifact, and `reproducible_zip` packs a function.
"""
