"""Peers of the order system: pairs in Node.js that do the same work with less, for comparison."""
