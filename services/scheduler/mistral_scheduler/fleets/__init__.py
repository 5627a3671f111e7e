"""Temporary workers: started when runs wait for them, ended when there is nothing left to do."""
