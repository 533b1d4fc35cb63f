-- Common head of every ledger script. All keys share the namespace's hash tag, so KEYS[1] routes the call.
-- KEYS: 1 index hash, 2 zset batch -> lease deadline, 3 zset of rows to verify, 4 the sequence counter.
-- ARGV: 1 key prefix, 2 epoch.
local prefix, epoch = ARGV[1], ARGV[2]

local function row_key(company) return prefix .. 'row:' .. company end
local function batch_key(batch) return prefix .. 'batch:' .. batch end

-- Redis' own clock, so that loaders with different clocks agree about leases. Milliseconds.
local function clock()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- Whatever was fetched before now has this sequence or a lower one, and whatever is fetched later a higher one
-- (`pipeline::sequence`).
local function sequence_now()
  local t = redis.call('TIME')
  return string.format('%.0f', math.max(t[1] * 1000000 + t[2], tonumber(redis.call('GET', KEYS[4]) or '0')))
end

-- Whether nothing can have been lost since an index was begun in this run of the server, on this line of descent of its
-- data, where it says so: `run` and `history` come from `store/run.lua`.
local function is_of_this_run(its_run, its_history)
  if its_run ~= run or not its_history then return its_run == run end
  local known = history()
  return not known or its_history == known
end

-- Whether there is an index, it is the one the caller knows, and nothing can have been lost since it was begun.
local function index_ready()
  local index = redis.call('HMGET', KEYS[1], 'state', 'epoch', 'run', 'history')
  return (index[1] == 'open' or index[1] == 'complete') and index[2] == epoch and is_of_this_run(index[3], index[4])
end

-- Whether the caller still owns the batch.
local function owns(batch, owner, fence)
  local held = redis.call('HMGET', batch_key(batch), 'owner', 'fence')
  return held[1] == owner and held[2] == fence
end

-- Puts a row on the list of those to be read again, not before `due`. A reading that is under way does not see what made
-- this necessary: the changed score keeps it from taking the row off the list.
local function verify_at(company, due)
  local score = tonumber(redis.call('ZSCORE', KEYS[3], company) or '0')
  redis.call('ZADD', KEYS[3], math.max(due, score + 1), company)
end

-- An id that was taken from an answer by its place is kept with a mark until it is proven by key (`schema::BY_PLACE`).
local function is_placed(id) return string.sub(id, 1, 1) == '?' end
local function bare(id)
  if id and is_placed(id) then return string.sub(id, 2) end
  return id
end

-- A row shares its key with the one that is kept; `dups:of` finds it by its id. 1 when it was not known.
local function note_twin(company, id, kept)
  redis.call('HSET', prefix .. 'dups:of', id, company)
  return redis.call('HSETNX', prefix .. 'dups', company .. '\n' .. id, kept)
end

local function no_twin(company, id)
  redis.call('HDEL', prefix .. 'dups', company .. '\n' .. id)
  redis.call('HDEL', prefix .. 'dups:of', id)
end

-- The row is the one that is kept, of whichever customer: not the extra one of any.
local function is_kept(id)
  local company = redis.call('HGET', prefix .. 'dups:of', id)
  if company then no_twin(company, id) end
end

local function split(text)
  local parts = {}
  for part in string.gmatch(text .. '\n', '(.-)\n') do parts[#parts + 1] = part end
  return parts
end
