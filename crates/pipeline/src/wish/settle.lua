-- Stands before every script about wishes.
-- KEYS: prefix of a wish (hash), sorted set of all by the time of asking, the same of those that are open, hash lane → when it
-- was at work last (ms).
local prefix, all, open, lanes = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function at(ms) return string.format('%.0f', ms) end
local KEPT = 7 * 86400 * 1000
-- What a wish was answered with may show customers.
local ANSWERED = 3600 * 1000
-- Of all wishes; those that are over and older go.
local MOST = 500

local function keep(id)
  redis.call('PEXPIRE', prefix .. id, KEPT)
end

local function close(id, state, ...)
  redis.call('HSET', prefix .. id, 'state', state, 'ended_ms', at(now), ...)
  redis.call('ZREM', open, id)
  keep(id)
end

local function work(lane)
  redis.call('HSET', lanes, lane, at(now))
  redis.call('PEXPIRE', lanes, KEPT)
end

-- A lane in which somebody works keeps its next ones waiting; nobody else does. So a wish's patience begins anew whenever
-- its lane was at work.
local opened, busy = {}, {}
for _, id in ipairs(redis.call('ZRANGE', open, 0, -1)) do
  local f = redis.call('HMGET', prefix .. id, 'state', 'lane', 'asked_ms', 'patience_ms', 'until_ms', 'kind', 'takes')
  if not f[1] then
    redis.call('ZREM', open, id)
  else
    local wish = { id = id, state = f[1], lane = f[2], since = tonumber(f[3]) or 0, patience = tonumber(f[4]) or 0,
      until_ms = tonumber(f[5]) or 0, kind = f[6], takes = tonumber(f[7]) or 0 }
    wish.held = wish.state == 'taken' and wish.until_ms > now
    if wish.held then busy[wish.lane] = true end
    opened[#opened + 1] = wish
  end
end
do
  local left = {}
  for _, wish in ipairs(opened) do
    local active = tonumber(redis.call('HGET', lanes, wish.lane) or 0)
    local since = math.max(wish.since, wish.until_ms, active)
    if not busy[wish.lane] and now - since > wish.patience then
      close(wish.id, 'expired')
    else
      left[#left + 1] = wish
    end
  end
  opened = left
end
