-- KEYS: counters of the run, open, dead, active runs, total. ARGV: run, days to keep, then pairs of disposition and customer.
-- A disposition may say more behind a colon, which is counted beside it (`filtered:kept`, `filtered:kept:unlisted`).
-- A customer leaves `open` (or `dead`) once, so a disposition that is reported again, after a crash or by a second copy, changes
-- nothing but the count of copies.
local changed, counters = 0, {}
local function count(name)
  counters[name] = (counters[name] or 0) + 1
end
for i = 3, #ARGV, 2 do
  local disposition, id = ARGV[i], ARGV[i + 1]
  local stage = string.match(disposition, '^dead:(.*)$')
  local counted
  if stage then
    counted = redis.call('ZREM', KEYS[2], id)
    if counted == 1 or redis.call('HEXISTS', KEYS[3], id) == 1 then
      redis.call('HSET', KEYS[3], id, stage)
      counted = 1
    end
  else
    counted = redis.call('ZREM', KEYS[2], id)
    if counted == 0 then counted = redis.call('HDEL', KEYS[3], id) end
    if counted == 1 then
      local whole = string.match(disposition, '^(%l+):')
      if whole then count(whole) end
      local part = string.match(disposition, '^(%l+:%l+):')
      if part then count(part) end
      count(disposition)
    end
  end
  if counted == 0 then count('copies') end
  changed = changed + counted
end
for name, by in pairs(counters) do
  redis.call('HINCRBY', KEYS[1], name, by)
  redis.call('HINCRBY', KEYS[5], name, by)
end
-- Kept for ever while a customer is open or dead, and for a while after.
if redis.call('EXISTS', KEYS[2], KEYS[3]) == 0 then
  redis.call('ZREM', KEYS[4], ARGV[1])
  redis.call('EXPIRE', KEYS[1], ARGV[2] * 86400)
end
return changed
