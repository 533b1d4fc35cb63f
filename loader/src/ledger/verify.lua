-- Rows that a lost call may still change are read again later; this script hands them out and judges them.
-- ARGV: 3 operation.
--  add:   4 delay ms, 5 count, then companies.
--  pop:   4 most, 5 how long they stay handed out, ms. Returns OK, then companies.
--  judge: 4 count, then per company: company, row id or '', hash of what the form shows.
--         Returns OK, then per company: = as written | ~ differs, so its content counts as unknown | b busy, later.
if not index_ready() then return {'NOINDEX'} end
local operation, answer = ARGV[3], {'OK'}
if operation == 'add' then
  local due = clock() + tonumber(ARGV[4])
  for n = 6, 5 + tonumber(ARGV[5]) do redis.call('ZADD', KEYS[3], 'GT', due, ARGV[n]) end
elseif operation == 'pop' then
  local time = clock()
  for _, company in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', time, 'LIMIT', 0, tonumber(ARGV[4]))) do
    redis.call('ZADD', KEYS[3], time + tonumber(ARGV[5]), company)
    answer[#answer + 1] = company
  end
else
  for n = 0, tonumber(ARGV[4]) - 1 do
    local company, id, content = ARGV[5 + n * 3], ARGV[6 + n * 3], ARGV[7 + n * 3]
    local row = redis.call('HMGET', row_key(company), 'id', 'h', 'b')
    if row[3] and redis.call('EXISTS', batch_key(row[3])) == 1 then
      answer[#answer + 1] = 'b'
    else
      redis.call('ZREM', KEYS[3], company)
      if (row[1] or '') == id and (row[2] or '') == content then
        answer[#answer + 1] = '='
      else
        if id == '' then
          redis.call('HDEL', row_key(company), 'id', 'h')
        else
          redis.call('HSET', row_key(company), 'id', id, 'h', '')
        end
        answer[#answer + 1] = '~'
      end
    end
  end
end
return answer
