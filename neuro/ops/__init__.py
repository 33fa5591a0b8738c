"""Operators: the recurrences of the layers as plain functions of tensors, one folder each."""
