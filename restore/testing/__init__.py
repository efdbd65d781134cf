"""The conformance kit: is a component what its contract and its own declaration say?"""
