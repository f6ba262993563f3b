-- Tells what is there, and the server's time.
local time = redis.call('TIME')
return {kind, kind == 'text' and value or '', time[1], time[2]}
