-- Rows that a lost call may still change are read again later; this script hands them out and judges them.
-- ARGV: 3 operation.
--  add:   4 delay ms, 5 count, then companies.
--  pop:   4 most, 5 how long they stay handed out, ms. Returns OK, clock, end of that time, then companies.
--  judge: 4 when and 5 until when they were handed out, 6 how long a write may stay invisible, and 7 at the very most,
--         8 when to read again what is busy, ms, 9 count, then per company: company, row id or '', hash of what the form shows.
--         Returns OK, then per company: = as written | ~ differs, so its content counts as unknown | b busy, or asked for a
--         moment ago, later.
--         What differs stays on the list until it is done: the loader that judged it may die before it has asked for the customer.
--  done:  4 until when they were handed out, 5 count, then companies that have been asked for.
-- What was seen says nothing about a row that has been written, or put on the list, since it was read. Of a row that this
-- epoch of the index has not seen, what was written last is not known for sure, so whatever the form shows differs.
if not index_ready() then return {'NOINDEX'} end
local operation, answer, time = ARGV[3], {'OK'}, clock()

-- Each further request for a row that never is as it was written waits longer, from 5 s to 10 min, as those of a claim do:
-- what rewrites it, in the form or behind it, would otherwise be answered for ever. An hour later it is another matter.
local function asked_for(key)
  if redis.call('EXISTS', key) == 0 then return end
  local asked = redis.call('HMGET', key, 'y', 'z')
  local times, wait = tonumber(asked[1] or '0'), tonumber(asked[2] or '0')
  if time > wait + 3600000 then times = 0 end
  redis.call('HSET', key, 'y', times + 1, 'z', string.format('%d', time + math.min(5000 * 2 ^ times, 600000)))
end

if operation == 'add' then
  for n = 6, 5 + tonumber(ARGV[5]) do
    if redis.call('EXISTS', row_key(ARGV[n])) == 1 then redis.call('HDEL', row_key(ARGV[n]), 'c') end
    verify_at(ARGV[n], time + tonumber(ARGV[4]))
  end
elseif operation == 'pop' then
  local lease_end = time + tonumber(ARGV[5])
  answer = {'OK', string.format('%d', time), string.format('%d', lease_end)}
  for _, company in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', time, 'LIMIT', 0, tonumber(ARGV[4]))) do
    redis.call('ZADD', KEYS[3], lease_end, company)
    answer[#answer + 1] = company
  end
elseif operation == 'done' then
  for n = 6, 5 + tonumber(ARGV[5]) do
    local score = tonumber(redis.call('ZSCORE', KEYS[3], ARGV[n]) or '0')
    if score == tonumber(ARGV[4]) then
      redis.call('ZREM', KEYS[3], ARGV[n])
      asked_for(row_key(ARGV[n]))
    end
  end
else
  local index = redis.call('HMGET', KEYS[1], 'floor', 'settles', 'state')
  local asked, lease_end, invisible = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
  local longest, again = tonumber(ARGV[7]), tonumber(ARGV[8])
  for n = 0, tonumber(ARGV[9]) - 1 do
    local company, id, content = ARGV[10 + n * 3], ARGV[11 + n * 3], ARGV[12 + n * 3]
    local row = redis.call('HMGET', row_key(company), 'id', 'h', 'b', 'w', 'g', 'c')
    local unseen = row[5] ~= epoch and not (index[3] == 'complete' and not row[1])
    local live = row[3] and redis.call('EXISTS', batch_key(row[3])) == 1
    local score = tonumber(redis.call('ZSCORE', KEYS[3], company) or '0')
    -- A row that is not seen is not gone, as long as queries may not show it yet.
    local hidden, written = id == '' and row[1] and longest or invisible, tonumber(row[4] or '0')
    if live or score ~= lease_end or written > asked - hidden
      or (unseen and asked < tonumber(index[2])) then
      local due = time + again
      -- Nothing of unknown end is under way: it is read again as soon as it can be told.
      if not live and score == lease_end and hidden == longest then
        due = math.min(due, math.max(written + longest, time) + 1000)
      end
      redis.call('ZADD', KEYS[3], due, company)
      answer[#answer + 1] = 'b'
    else
      if unseen then redis.call('HSET', row_key(company), 'f', index[1], 'g', epoch) end
      -- The right content in another row: the id that is known was wrong, or the row was replaced. But two contents that
      -- are not known are not the same.
      local right = (row[2] or '') == content
      local same = right and (id ~= '' and content ~= '' or id == '' and (row[1] or '') == '')
      -- The vendor has confirmed what was written: the form may make something else of it, and people may have been there
      -- since. But the row is there, and it is not as it was before.
      same = same or row[6] and id ~= '' and bare(row[1]) == id and not string.find(row[6] .. '\n', '\n' .. content .. '\n', 1, true)
      if same and not unseen then
        redis.call('ZREM', KEYS[3], company)
        if id ~= '' then redis.call('HSET', row_key(company), 'id', id) end
        redis.call('HDEL', row_key(company), 'y', 'z', 'c')
        answer[#answer + 1] = '='
      else
        if id == '' then
          redis.call('HDEL', row_key(company), 'id', 'h')
        else
          redis.call('HSET', row_key(company), 'id', id, 'h', '')
          -- What it must not hold any more, also when that is looked at again before it is written.
          if row[6] then redis.call('HSET', row_key(company), 'c', '\n' .. content) end
        end
        -- A row that is not there is made at once, whatever was asked before.
        local wait = id ~= '' and tonumber(redis.call('HGET', row_key(company), 'z') or '0') or 0
        if time < wait then redis.call('ZADD', KEYS[3], wait, company) end
        answer[#answer + 1] = time < wait and 'b' or '~'
      end
    end
  end
end
return answer
