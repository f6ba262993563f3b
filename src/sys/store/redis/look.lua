-- KEYS[1] name. Looks what is there.
local value = redis.pcall('GET', KEYS[1])
local kind = 'none'
if type(value) == 'table' then
  if not string.find(value.err, 'WRONGTYPE', 1, true) then return value end
  kind = 'odd'
elseif value then
  kind = 'text'
end
