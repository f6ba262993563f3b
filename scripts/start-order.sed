# A function's name without what differs from build to build: _ZN…17h<hash>E, and Cs<hash>_ within _R….
s/'[0-9]+$//
s/17h[0-9a-f]{16}E.*$//
/^_R/s/Cs[0-9A-Za-z]*_/C/g
