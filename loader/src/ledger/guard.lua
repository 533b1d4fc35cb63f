-- Whether a removal may take its row away (`crate::removals` says by which rules). Comes between `prelude.lua` and a script.
local guard_key, parked_key, runs_key = prefix .. 'removals', prefix .. 'removals:parked', prefix .. 'removals:runs'
-- So few may always go; what has gone is counted for a week, and for each backfill as long as it may last.
local always, day, days, run_kept = 10, 86400000, 7, 7776000
-- How long a count of the known rows is good: when far from the limit, and before anything is parked, ms.
local roughly, closely = 3600000, 60000

-- What is counted begins now, unless it has begun before.
local function guard_begins(time) redis.call('HSETNX', guard_key, 'began', string.format('%d', time)) end

local function day_field(time, ago) return string.format('d%d', math.floor(time / day) - ago) end

local function removed_lately(time)
  local fields, sum = {}, 0
  for ago = 0, days do fields[#fields + 1] = day_field(time, ago) end
  for _, count in ipairs(redis.call('HMGET', guard_key, unpack(fields))) do sum = sum + tonumber(count or '0') end
  return sum
end

local function count_removal(time, run, backfill)
  redis.call('HINCRBY', guard_key, day_field(time, 0), 1)
  for ago = days + 1, days + 30 do redis.call('HDEL', guard_key, day_field(time, ago)) end
  if backfill then
    redis.call('HINCRBY', runs_key, run, 1)
    redis.call('EXPIRE', runs_key, run_kept)
  end
end

-- A parked removal: since when, version, cause ('f' left the filter, 'r' removed), run.
local function parked_of(company)
  local packed = redis.call('HGET', parked_key, company)
  if not packed then return nil end
  local parts = split(packed)
  return {since = tonumber(parts[1]), version = parts[2], cause = parts[3]}
end

local function unpark(company, version)
  local parked = parked_of(company)
  if not parked or parked.version > version then return end
  redis.call('HDEL', parked_key, company)
  if parked.cause == 'f' then redis.call('HINCRBY', guard_key, 'filtered', -1) end
  -- Rows have come back meanwhile, perhaps, so that they are counted before the next one is judged.
  if redis.call('HLEN', parked_key) == 0 then redis.call('HDEL', guard_key, 'tripped', 'filtered', 'known_at') end
end

local function park(item, time)
  local parked = parked_of(item.company)
  if parked and parked.version >= item.version then return 'p' end
  redis.call('HSET', parked_key, item.company,
    table.concat({string.format('%d', time), item.version, item.cause, item.run}, '\n'))
  local change = (item.cause == 'f' and 1 or 0) - (parked and parked.cause == 'f' and 1 or 0)
  if change ~= 0 then redis.call('HINCRBY', guard_key, 'filtered', change) end
  return 'p'
end

-- One of too many: from now on all wait, until a person has decided or none of them is left.
local function trip(item, time)
  redis.call('HSETNX', guard_key, 'tripped', string.format('%d', time))
  return park(item, time)
end

-- The rules for a removal that nobody has decided about: r | p | q rows have to be counted first | i the form has to be
-- read first.
local function weigh(item, time, complete, limit, probation)
  local state = redis.call('HMGET', guard_key, 'began', 'tripped', 'known', 'known_granted', 'known_at', 'known_epoch',
    'granted', 'asked', 'wanted')
  if state[2] then return park(item, time) end
  -- When Redis was lost, nobody knows how many have gone and what was parked: at first all wait, and are judged together.
  local ends = tonumber(state[1]) + probation
  if time < ends then return park(item, time) end
  local parked = parked_of(item.company)
  local first = parked and parked.since < ends
  local recent = removed_lately(time)
  local of_run = item.backfill and tonumber(redis.call('HGET', runs_key, item.run) or '0') or 0
  if not first and recent < always and of_run < always then return 'r' end
  if not complete then return first and 'p' or 'i' end
  local age = state[6] == epoch and state[5] and time - tonumber(state[5]) or math.huge
  local left = age < math.huge and tonumber(state[3]) - (tonumber(state[7] or '0') - tonumber(state[4])) or 0
  -- Being few is nothing in favour of the first ones: others may have gone before.
  local one, least = 1, always
  if first then one, least = redis.call('HLEN', parked_key), 0 end
  local function fits(share)
    local function room(gone) return math.max(math.floor((left + gone) * share / 100), least) end
    return recent + one <= room(recent) and (not item.backfill or of_run + one <= room(of_run))
  end
  -- A count that was asked for is good until the messages that wait for it have come by.
  local asked = tonumber(state[8] or '0')
  local close = age <= closely or age <= time - asked and time - asked <= closely + probation
  if age <= roughly and fits(limit / 2) or close and fits(limit) then return 'r' end
  if not close then
    if not state[9] then redis.call('HSET', guard_key, 'wanted', '1', 'asked', string.format('%d', time)) end
    return 'q'
  end
  return trip(item, time)
end

-- r it may go | k a person has decided that the row stays | p parked | q, i later.
local function guarded(item, key, time, complete, limit, probation)
  guard_begins(time)
  -- Counted before, by a batch that came to nothing.
  if redis.call('HGET', key, 'x') == item.version then return 'r' end
  local decision = redis.call('HMGET', guard_key, 'decided', 'decision', 'free')
  local parked = parked_of(item.company)
  local decided = parked and decision[1] and parked.since <= tonumber(decision[1]) and item.version <= parked.version
  if decided and decision[2] == 'keep' then return 'k' end
  if not decided and not item.allowed and limit < 100 and time >= tonumber(decision[3] or '0') then
    local word = weigh(item, time, complete, limit, probation)
    if word ~= 'r' then return word end
    count_removal(time, item.run, item.backfill)
  end
  redis.call('HSET', key, 'x', item.version)
  redis.call('HINCRBY', guard_key, 'granted', 1)
  return 'r'
end
