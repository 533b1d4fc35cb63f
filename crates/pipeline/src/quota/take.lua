-- Permits to make calls under several limits at once; see quota/mod.rs for the reasoning.
-- All times are microseconds of this server's clock.
--
-- KEYS[1]              what this server remembers at all: {run, since}
-- KEYS[2b], KEYS[2b+1] per bucket: its state (below) and the times of its last calls, newest first
-- KEYS[#KEYS]          for `store/run.lua`, which says in `run` which run of the server this is
-- ARGV[1..6]           rank of the lane, early, grace, how many calls are wanted, the longest pause to wait for, the member:
--                      namespaces share buckets, and each is one member of them
-- ARGV[10b-3 .. 10b+6] per bucket: calls per window, window with slack, pace, burst, daily limit or -1, the same for lower
--                      lanes, day offset (s), and what this process knows of the day's count: era, day, used
--
-- State: tat, hold (end of a pause), again and probed (see PROBES), left and left_until (calls that the vendor has said are left, and until when), memory
-- and era (see below), day, used, made; of each member w<rank>:<member> (slot that it waits for),
-- g<rank>:<member> (what it has had, and its last call) and m:<member> (its settings, and when it gave them).
--
-- Answers {1, era, day, used for each bucket, wait, granted time, wait, granted time, ..} for as many as can go now, the same
-- with 2 for the one call that finds out whether a long pause still stands,
-- {0, wait} when none can, or {-1, unix second, index of the bucket, why}: 0 the day is used up, 1 so is the share of lower
-- lanes, 2 a long pause.
local MEMORY_MS = 172800000
-- Keys are made to last anew with the first call of each span of this length.
local LASTING = 60000000
local CATCH_UP = 200000
-- A member's rate counts for the others this long after it has asked last, its daily limit until the day ends.
local MEMBER = 300000000
local MEMBER_WRITTEN = 60000000
local FORGOTTEN = 172800000000
-- See `turns`.
local RESTED = 5000000
local OWED = 10

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local rank, early, grace, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local longest, member = tonumber(ARGV[5]), ARGV[6]

-- A server that was restarted or replaced may have lost the latest calls. Where nobody knows its run, that goes unnoticed.
run = run or 'unknown'
local memory = redis.call('HMGET', KEYS[1], 'run', 'since')
local since = tonumber(memory[2])
if memory[1] ~= run or since > now then
  since = now
  redis.call('HSET', KEYS[1], 'run', run, 'since', string.format('%d', since))
end

-- Within a long pause one call goes now and then, for one wrong header must not silence everybody for hours: this long
-- after its begin, then in these steps; at once in these steps when the last such call is not long ago.
local FIRST_PROBE = 60000000
local PROBES = 300000000
local SAME_PAUSE = 600000000
-- Whether the call is such a one.
local probe = false
local function probes(bucket, state)
  local again, probed = tonumber(state.again or 0), tonumber(state.probed or 0)
  if again < now - SAME_PAUSE or again > now + SAME_PAUSE then
    again = now + (probed > now - SAME_PAUSE and PROBES or FIRST_PROBE)
    redis.call('HSET', bucket.state, 'again', string.format('%d', again))
  end
  return again <= now
end

local function day_of(at, offset)
  return math.floor((at / 1000000 + offset) / 86400)
end

-- The lowest of what the members say, this one included, becomes the bucket's; a slower rate has a longer pace.
local function agree(bucket, fields, members)
  local own = string.format('%d %d %d %d %d %d', now, bucket.calls, bucket.window, bucket.pace, bucket.daily, bucket.lower)
  local known = fields['m:' .. member] or ''
  local written = tonumber(string.match(known, '^%d+') or 0)
  local today = day_of(now, bucket.offset)
  for _, of in ipairs(members) do
    if of.kind == 'm' and of.who ~= member then
      local at, calls, window, pace, daily, lower = string.match(of.text, '^(%d+) (%d+) (%d+) (%d+) (-?%d+) (-?%d+)$')
      at = tonumber(at or 0)
      if at > now - MEMBER and tonumber(pace) > bucket.pace then
        bucket.calls, bucket.window, bucket.pace = tonumber(calls), tonumber(window), tonumber(pace)
      end
      if at > 0 and day_of(at, bucket.offset) == today then
        for which, limit in pairs({ daily = tonumber(daily), lower = tonumber(lower) }) do
          if limit >= 0 and (bucket[which] < 0 or limit < bucket[which]) then bucket[which] = limit end
        end
      end
    end
  end
  if written > now - MEMBER_WRITTEN and written <= now and string.match(known, ' .*') == string.match(own, ' .*') then
    return
  end
  redis.call('HSET', bucket.state, 'm:' .. member, own)
  for _, of in ipairs(members) do
    local at = tonumber(string.match(of.text, of.kind == 'm' and '^%d+' or '%d+$'))
    if at and at < now - FORGOTTEN then redis.call('HDEL', bucket.state, of.name) end
  end
end

-- The day's count. An era begins when this server knows of none, or has lost its memory. What a process knows of an
-- earlier era counts, and what was counted in this one (`made`) comes on top of the most that any process knew.
local function count(bucket, fields)
  local day = day_of(now, bucket.offset)
  local new = not fields.era or tonumber(fields.memory) ~= since
  bucket.era = new and now or tonumber(fields.era)
  bucket.day, bucket.used, bucket.made = day, 0, 0
  if tonumber(fields.day) == day then
    bucket.used = tonumber(fields.used or 0)
    bucket.made = new and 0 or tonumber(fields.made or 0)
  end
  if bucket.known_day == day and bucket.known_era ~= bucket.era then
    bucket.used = math.max(bucket.used, bucket.known_used + bucket.made)
  end
end

-- How much each member has had of the bucket in this lane: a time that goes on by one pace with each of its calls. Who has had
-- less goes first. Who comes back after a rest begins where the others are, and nobody is owed more than a few calls.
local function turns(members)
  local known = {}
  for _, of in ipairs(members) do
    if of.kind == 'g' and of.lane == rank then
      local had, last = string.match(of.text, '^(%d+) (%d+)$')
      known[of.who] = { had = tonumber(had or 0), rested = tonumber(last or 0) <= now - RESTED }
    end
  end
  return known
end
local function had_by(bucket, who)
  local own, low, top = bucket.turns[member], bucket.low, bucket.top
  if own and not own.rested then
    low, top = math.min(low or own.had, own.had), math.max(top, own.had)
  end
  local turn = bucket.turns[who]
  if not turn then return low or 0 end
  if turn.rested then return math.max(turn.had, low or 0) end
  return math.max(turn.had, top - OWED * bucket.pace)
end

-- Who waits for a slot, of any lane and member.
local function waiting(members)
  local all = {}
  for _, of in ipairs(members) do
    if of.kind == 'w' then all[#all + 1] = { rank = of.lane, who = of.who, mark = tonumber(of.text) } end
  end
  return all
end

-- The fields of a bucket, and those of its members (w<rank>:<member>, g<rank>:<member>, m:<member>) taken apart, once for all
-- who ask.
local function fields_of(key)
  local flat, fields, members = redis.call('HGETALL', key), {}, {}
  for field = 1, #flat, 2 do
    local name, text = flat[field], flat[field + 1]
    fields[name] = text
    local colon = string.find(name, ':', 1, true)
    if colon then
      members[#members + 1] = {
        name = name, text = text, kind = string.sub(name, 1, 1), who = string.sub(name, colon + 1),
        lane = tonumber(string.sub(name, 2, colon - 1)),
      }
    end
  end
  return fields, members
end

-- A bucket as it stands, read once for all calls that are wanted; what they change is written at the end.
local function load(b)
  local base = 10 * b - 4
  local bucket = {
    index = b, state = KEYS[2 * b], log = KEYS[2 * b + 1], calls = tonumber(ARGV[base + 1]),
    window = tonumber(ARGV[base + 2]), pace = tonumber(ARGV[base + 3]), burst = tonumber(ARGV[base + 4]),
    daily = tonumber(ARGV[base + 5]), lower = tonumber(ARGV[base + 6]), offset = tonumber(ARGV[base + 7]),
    known_era = tonumber(ARGV[base + 8]), known_day = tonumber(ARGV[base + 9]), known_used = tonumber(ARGV[base + 10]),
    taken = {},
  }
  local state, members = fields_of(bucket.state)
  agree(bucket, state, members)
  count(bucket, state)
  bucket.fields = state
  bucket.last = tonumber(redis.call('LINDEX', bucket.log, 0) or 0)
  bucket.before = bucket.last
  bucket.tat, bucket.closed = tonumber(state.tat or 0), tonumber(state.hold or 0)
  if bucket.last > now + 1000000 then
    -- The clock was set back: what is in the log lies in the future. Forget it and let one window pass.
    redis.call('DEL', bucket.log)
    bucket.last, bucket.tat, bucket.closed = 0, 0, now + bucket.window
    redis.call('HSET', bucket.state, 'hold', string.format('%d', bucket.closed))
    redis.call('HDEL', bucket.state, 'tat')
    for _, of in ipairs(members) do
      if of.kind ~= 'm' then
        redis.call('HDEL', bucket.state, of.name)
        state[of.name] = nil
      end
    end
    members = {}
  end
  bucket.left = tonumber(state.left_until or 0) > now and tonumber(state.left) or nil
  bucket.turns, bucket.waiters, bucket.top = turns(members), waiting(members), 0
  -- The least and the most that another member has had which did not rest.
  for who, turn in pairs(bucket.turns) do
    if who ~= member and not turn.rested then
      bucket.low, bucket.top = math.min(bucket.low or turn.had, turn.had), math.max(bucket.top, turn.had)
    end
  end
  -- The calls before which the window has to pass, for each call that is wanted: the last one is the first one's.
  bucket.back = redis.call('LRANGE', bucket.log, math.max(bucket.calls - wanted, 0), bucket.calls - 1)
  bucket.back_at = math.max(bucket.calls - wanted, 0)
  bucket.waiting = tonumber(state['w' .. rank .. ':' .. member] or 0)
  return bucket
end

-- The call that is as many calls back as the window allows, whether it is written already or taken just now.
local function window_begins(bucket)
  local back = bucket.calls - 1 - #bucket.taken
  if back < 0 then return tonumber(bucket.taken[-back]) end
  return tonumber(bucket.back[back - bucket.back_at + 1] or 0)
end

-- The next call's time; or nil, the bucket's index, until when (unix second), and why not.
local function next_call(buckets)
  local at = now
  for b, bucket in ipairs(buckets) do
    if bucket.daily >= 0 and bucket.used >= bucket.daily then
      return nil, b - 1, (bucket.day + 1) * 86400 - bucket.offset, 0
    end
    if rank > 0 and bucket.lower >= 0 and bucket.used >= bucket.lower then
      return nil, b - 1, (bucket.day + 1) * 86400 - bucket.offset, 1
    end
    local closed = bucket.closed
    if bucket.left and bucket.left <= 0 then
      closed = math.max(closed, tonumber(bucket.fields.left_until))
    end
    bucket.probe = closed > now + longest
    if bucket.probe then
      if not probes(bucket, bucket.fields) then return nil, b - 1, math.ceil(closed / 1000000), 2 end
      closed = 0
    elseif bucket.fields.again then
      redis.call('HDEL', bucket.state, 'again')
      bucket.fields.again = nil
    end
    local own = math.max(since + bucket.window, window_begins(bucket) + bucket.window, bucket.last, bucket.tat - (bucket.burst - 1) * bucket.pace, closed)
    bucket.had = had_by(bucket, member)
    for _, waiter in ipairs(bucket.waiters) do
      -- Who goes first: a higher lane, and in the same lane the member that has had less.
      local first = waiter.rank < rank or (waiter.rank == rank and waiter.who ~= member and had_by(bucket, waiter.who) < bucket.had)
      -- It wants the slot at this time: keep off from one pace before until it had the chance to take it.
      if first and waiter.mark + grace > now and waiter.mark - bucket.pace * 1.05 <= math.max(own, now) then
        own = math.max(own, waiter.mark, now + 2 * early)
      end
    end
    at = math.max(at, own)
  end
  return math.ceil(at)
end

local function take(buckets, at)
  local text = string.format('%d', at)
  for _, bucket in ipairs(buckets) do
    bucket.taken[#bucket.taken + 1] = text
    bucket.last = at
    -- Some lateness may be made up for, or every stall of a caller would shift all later calls of the bucket. The
    -- pace only shapes; the window above is kept in any case.
    local credit = math.max(bucket.pace / 2, CATCH_UP)
    bucket.tat = math.ceil(math.max(bucket.tat, at - credit) + bucket.pace)
    local day = day_of(at, bucket.offset)
    if day ~= bucket.day then bucket.day, bucket.used, bucket.made = day, 0, 0 end
    bucket.used, bucket.made = bucket.used + 1, bucket.made + 1
    bucket.turns[member] = { had = bucket.had + bucket.pace, rested = false }
    if bucket.left then bucket.left = bucket.left - 1 end
    if bucket.probe then
      probe = true
      bucket.fields.again = now + PROBES
      redis.call('HSET', bucket.state, 'probed', string.format('%d', now), 'again', string.format('%d', bucket.fields.again))
    end
  end
end

-- Only what has changed: most calls find the same memory, era and minute as the one before.
local function write(bucket, at)
  local length = redis.call('LPUSH', bucket.log, unpack(bucket.taken))
  if length > bucket.calls then redis.call('LTRIM', bucket.log, 0, bucket.calls - 1) end
  local fields = bucket.fields
  redis.call('HSET', bucket.state, 'tat', string.format('%d', bucket.tat),
    'g' .. rank .. ':' .. member, string.format('%d %d', bucket.turns[member].had, at),
    'day', bucket.day, 'used', bucket.used, 'made', bucket.made)
  if tonumber(fields.memory) ~= since or tonumber(fields.era) ~= bucket.era then
    redis.call('HSET', bucket.state, 'memory', string.format('%d', since), 'era', string.format('%d', bucket.era))
  end
  if bucket.left then redis.call('HINCRBY', bucket.state, 'left', -#bucket.taken) end
  local waits = 'w' .. rank .. ':' .. member
  if fields[waits] then redis.call('HDEL', bucket.state, waits) end
  if math.floor(bucket.before / LASTING) ~= math.floor(at / LASTING) then
    for _, key in ipairs({KEYS[1], bucket.log, bucket.state}) do redis.call('PEXPIRE', key, MEMORY_MS) end
  end
end

local buckets = {}
for b = 1, (#KEYS - 2) / 2 do buckets[b] = load(b) end
local granted = {}
while #granted < 2 * wanted do
  local at, index, until_, why = next_call(buckets)
  if not at or at > now + early then
    if #granted > 0 then break end
    if not at then return {-1, until_, index, why} end
    for _, bucket in ipairs(buckets) do
      -- Several may wait; the earliest one counts, and a later one is noted again when its caller asks again.
      if bucket.waiting + grace <= now or at < bucket.waiting then
        redis.call('HSET', bucket.state, 'w' .. rank .. ':' .. member, string.format('%d', at))
        redis.call('PEXPIRE', bucket.state, MEMORY_MS)
      end
    end
    return {0, at - now}
  end
  take(buckets, at)
  granted[#granted + 1] = at - now
  granted[#granted + 1] = at
end
local answer = {probe and 2 or 1}
for _, bucket in ipairs(buckets) do
  write(bucket, bucket.last)
  answer[#answer + 1] = bucket.era
  answer[#answer + 1] = bucket.day
  answer[#answer + 1] = bucket.used
end
for _, number in ipairs(granted) do answer[#answer + 1] = number end
return answer
