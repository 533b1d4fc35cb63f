-- Remembers when a problem of the pipeline was over, for the replicas that have raised it and do not look at it themselves.
-- KEYS: open, quiet, over. ARGV: how long that is remembered (s).
-- Nobody has it: nothing is written, for most problems are over most of the time, and are said to be so all the time.
local open = redis.call('EXISTS', KEYS[1])
if open == 1 or redis.call('EXISTS', KEYS[2]) == 1 then
  local time = redis.call('TIME')
  redis.call('SET', KEYS[3], string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)), 'EX', ARGV[1])
end
return open
