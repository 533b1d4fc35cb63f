-- Writes fields of a kind of run, unless a leader with a higher fence has written before, or Redis no longer holds what the
-- writer goes by: it was emptied, or is one of before, and whatever was decided from that was decided from something else.
-- KEYS: hash of the kind, history list. ARGV: fence, history entry or '', '1' if the writer has written with this fence
-- before, the checkpoint that was read ('' is none, '*' was not read), then field, value pairs ('' deletes the field).
-- 1 when it is written, 0 when a newer leader exists, -1 when what the writer goes by is not there.
-- The history holds the runs of 90 days, in so far as they are not too many for Redis.
-- Fences are microseconds, far below 2^53, so numbers compare exactly.
local MOST, KEPT_MS = 10000, 90 * 86400 * 1000
local theirs = tonumber(redis.call('HGET', KEYS[1], 'fence') or '0')
if theirs > tonumber(ARGV[1]) then
  return 0
end
if ARGV[3] == '1' and theirs ~= tonumber(ARGV[1]) then
  return -1
end
if ARGV[4] ~= '*' and (redis.call('HGET', KEYS[1], 'checkpoint') or '') ~= ARGV[4] then
  return -1
end
redis.call('HSET', KEYS[1], 'fence', ARGV[1])
for i = 5, #ARGV, 2 do
  if ARGV[i + 1] == '' then
    redis.call('HDEL', KEYS[1], ARGV[i])
  else
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  end
end
if ARGV[2] ~= '' then
  -- Of scheduled runs one after the other that found nothing the last one stays: it says up to where nothing was there.
  local function is_empty(run)
    return (run.job == 'live' or run.job == 'remedy' or run.job == 'look-back') and run.listed == 0
  end
  local run = cjson.decode(ARGV[2])
  local last = redis.call('LINDEX', KEYS[2], 0)
  if last and is_empty(run) then
    local before = cjson.decode(last)
    if before.job == run.job and is_empty(before) then
      redis.call('LPOP', KEYS[2])
    end
  end
  redis.call('LPUSH', KEYS[2], ARGV[2])
  redis.call('LTRIM', KEYS[2], 0, MOST - 1)
  -- A few at a time, so that a list that was never pruned is shortened without holding anybody up.
  for _ = 1, 100 do
    local oldest = cjson.decode(redis.call('LINDEX', KEYS[2], -1))
    if (oldest.finished_ms or 0) >= (run.finished_ms or 0) - KEPT_MS then
      break
    end
    redis.call('RPOP', KEYS[2])
  end
end
return 1
