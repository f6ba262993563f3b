-- KEYS[1] name; ARGV: kind and front of the value that was read, the new one (empty: none), its time in milliseconds.
local value = redis.pcall('GET', KEYS[1])
local kind = 'none'
if type(value) == 'table' then
  if not string.find(value.err, 'WRONGTYPE', 1, true) then return value end
  kind = 'odd'
elseif value then
  kind = 'text'
end
if kind == ARGV[1] and (kind ~= 'text' or string.sub(value, 1, #ARGV[2]) == ARGV[2]) then
  if ARGV[3] == '' then
    redis.call('DEL', KEYS[1])
  else
    redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
  end
  return {'done', '', 0, 0}
end
local time = redis.call('TIME')
return {kind, kind == 'text' and value or '', time[1], time[2]}
