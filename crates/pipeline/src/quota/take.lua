-- Permits to make calls under several limits at once; see quota/mod.rs for the reasoning.
-- All times are microseconds of this server's clock.
--
-- KEYS[1]              what this server remembers at all: {run, since}
-- KEYS[2b], KEYS[2b+1] per bucket: state {tat, hold, w0, w1, day, used} and the times of its last calls, newest first
-- ARGV[1..4]           rank of the lane, early, grace, how many calls are wanted
-- ARGV[6b-1 .. 6b+4]   per bucket: calls per window, window with slack, pace, burst, daily limit or -1, day offset (s)
--
-- Answers {1, wait, granted time, wait, granted time, ..} for as many as can go now, {0, wait} when none can, or
-- {-1, unix second, index of the bucket}.
local MEMORY_MS = 172800000
local CATCH_UP = 200000

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local rank, early, grace, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

-- A server that was restarted or replaced may have lost the latest calls. Managed services may forbid INFO.
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or 'unknown'
local memory = redis.call('HMGET', KEYS[1], 'run', 'since')
local since = tonumber(memory[2])
if memory[1] ~= run or since > now then
  since = now
  redis.call('HSET', KEYS[1], 'run', run, 'since', since)
end

-- The buckets as they stand and the next call's time; or nil, the bucket's index and when its day ends.
local function next_call()
  local buckets, at = {}, now
  for b = 1, (#KEYS - 1) / 2 do
    local base = 6 * b - 2
    local bucket = {
      state = KEYS[2 * b], log = KEYS[2 * b + 1], calls = tonumber(ARGV[base + 1]), window = tonumber(ARGV[base + 2]),
      pace = tonumber(ARGV[base + 3]), burst = tonumber(ARGV[base + 4]), daily = tonumber(ARGV[base + 5]),
    }
    local state = redis.call('HMGET', bucket.state, 'tat', 'hold', 'w0', 'w1', 'day', 'used')

    if bucket.daily >= 0 then
      local offset = tonumber(ARGV[base + 6])
      bucket.day = math.floor((time[1] + offset) / 86400)
      bucket.used = tonumber(state[5]) == bucket.day and tonumber(state[6]) or 0
      if bucket.used >= bucket.daily then
        return nil, b - 1, (bucket.day + 1) * 86400 - offset
      end
    end

    local last = tonumber(redis.call('LINDEX', bucket.log, 0) or 0)
    local tat, closed = tonumber(state[1] or 0), tonumber(state[2] or 0)
    if last > now + 1000000 then
      -- The clock was set back: what is in the log lies in the future. Forget it and let one window pass.
      redis.call('DEL', bucket.log)
      last, tat, closed = 0, 0, now + bucket.window
      redis.call('HSET', bucket.state, 'hold', closed)
      redis.call('HDEL', bucket.state, 'tat', 'w0', 'w1')
      state[3], state[4] = false, false
    end
    local nth = tonumber(redis.call('LINDEX', bucket.log, bucket.calls - 1) or 0)
    local own = math.max(since + bucket.window, nth + bucket.window, last, tat - (bucket.burst - 1) * bucket.pace, closed)
    for higher = 0, rank - 1 do
      -- A higher lane wants the slot at this time: keep off from one pace before until it had the chance to take it.
      local mark = tonumber(state[3 + higher] or 0)
      if mark + grace > now and mark - bucket.pace * 1.05 <= math.max(own, now) then
        own = math.max(own, mark, now + 2 * early)
      end
    end
    bucket.tat = tat
    bucket.waiting = tonumber(state[3 + rank] or 0)
    at = math.max(at, own)
    buckets[b] = bucket
  end
  return buckets, math.ceil(at)
end

local function take(buckets, at)
  for _, bucket in ipairs(buckets) do
    redis.call('LPUSH', bucket.log, at)
    redis.call('LTRIM', bucket.log, 0, bucket.calls - 1)
    redis.call('PEXPIRE', bucket.log, MEMORY_MS)
    -- Some lateness may be made up for, or every stall of a caller would shift all later calls of the bucket. The
    -- pace only shapes; the window above is kept in any case.
    local credit = math.max(bucket.pace / 2, CATCH_UP)
    redis.call('HSET', bucket.state, 'tat', math.ceil(math.max(bucket.tat, at - credit) + bucket.pace))
    redis.call('HDEL', bucket.state, 'w' .. rank)
    if bucket.day then
      redis.call('HSET', bucket.state, 'day', bucket.day, 'used', bucket.used + 1)
    end
    redis.call('PEXPIRE', bucket.state, MEMORY_MS)
  end
end

local granted = {1}
while #granted < 2 * wanted do
  local buckets, at, day_ends = next_call()
  if not buckets or at > now + early then
    if #granted > 1 then break end
    if not buckets then return {-1, day_ends, at} end
    if rank < 2 then
      for _, bucket in ipairs(buckets) do
        -- Several may wait; the earliest one counts, and a later one is noted again when its caller asks again.
        if bucket.waiting + grace <= now or at < bucket.waiting then
          redis.call('HSET', bucket.state, 'w' .. rank, at)
          redis.call('PEXPIRE', bucket.state, MEMORY_MS)
        end
      end
    end
    return {0, at - now}
  end
  take(buckets, at)
  granted[#granted + 1] = at - now
  granted[#granted + 1] = at
end
redis.call('PEXPIRE', KEYS[1], MEMORY_MS)
return granted
