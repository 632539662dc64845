"""The program that workers run, one module for each role. The parent imports nothing of it."""
