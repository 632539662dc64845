"""The toolbox that tests are written with: clocks and turns, memory, statistics, scores. Imported by workers only."""
