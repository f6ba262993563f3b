-- ARGV: kind and front of the value that was read, the new one (empty: none), its time in milliseconds.
if kind == ARGV[1] and (kind ~= 'text' or string.sub(value, 1, #ARGV[2]) == ARGV[2]) then
  if ARGV[3] == '' then
    redis.call('DEL', KEYS[1])
  else
    redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
  end
  return {'done', '', 0, 0}
end
