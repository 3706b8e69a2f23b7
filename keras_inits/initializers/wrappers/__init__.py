"""Wrappers: schemes that change, cut or replace what another initializer draws."""
